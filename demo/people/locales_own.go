package people

// ownScripts are languages from Greece to Iran and Ethiopia, each in a script that few others share.
var ownScripts = []locale{
	{
		language: "el", share: 16,
		women:    "Μαρία=maria, Ελένη=eleni, Αικατερίνη=aikaterini, Βασιλική=vasiliki, Σοφία=sofia, Αγγελική=angeliki, Δέσποινα=despoina, Χρυσούλα=chrysoula, Ευαγγελία=evangelia, Ιωάννα=ioanna, Ζωή=zoi, Θεοδώρα=theodora",
		men:      "Γεώργιος=georgios, Ιωάννης=ioannis, Νίκος=nikos, Δημήτρης=dimitris, Παναγιώτης=panagiotis, Χρήστος=christos, Βασίλης=vasilis, Σπύρος=spyros, Ηλίας=ilias, Θανάσης=thanasis, Στέλιος=stelios, Ξενοφών=xenofon",
		families: "Παπαδόπουλος=papadopoulos/Παπαδοπούλου=papadopoulou, Παππάς=pappas/Παππά=pappa, Γεωργίου=georgiou, Οικονόμου=oikonomou, Δημητρίου=dimitriou, Νικολαΐδης=nikolaidis/Νικολαΐδου=nikolaidou, Αναγνώστου=anagnostou, Βλάχος=vlachos/Βλάχου=vlachou, Μακρής=makris/Μακρή=makri, Κωνσταντίνου=konstantinou, Αθανασίου=athanasiou, Καραγιάννης=karagiannis/Καραγιάννη=karagianni, Αλεξίου=alexiou, Σαμαράς=samaras/Σαμαρά=samara, Ψαρράς=psarras/Ψαρρά=psarra, Μιχαηλίδης=michailidis/Μιχαηλίδου=michailidou, Ζαφειρίου=zafeiriou, Χατζηιωάννου=chatziioannou, Λάμπρου=lamprou, Θεοδωρίδης=theodoridis/Θεοδωρίδου=theodoridou, Ρήγας=rigas/Ρήγα=riga",
		places: []place{
			{"GR", "Athens", "Αθήνα", "10# ##"}, {"GR", "Thessaloniki", "Θεσσαλονίκη", "54# ##"}, {"GR", "Heraklion", "Ηράκλειο", "71# ##"}, {"CY", "Nicosia", "Λευκωσία", "10##"},
		},
	},
	{
		language: "ar", share: 62,
		women:    "فاطمة=fatima, مريم=maryam, نور=nour, عائشة=aisha, ليلى=layla, سارة=sara, هدى=huda, ياسمين=yasmin, زينب=zaynab, رنا=rana, أمل=amal, خديجة=khadija",
		men:      "محمد=mohammed, أحمد=ahmad, علي=ali, عمر=omar, يوسف=yousef, خالد=khaled, حسن=hassan, إبراهيم=ibrahim, كريم=karim, طارق=tariq, عبد الله=abdullah, سامي=sami",
		families: "العلي=al-ali, المصري=al-masri, حداد=haddad, الخطيب=al-khatib, منصور=mansour, النجار=al-najjar, الشريف=al-sharif, درويش=darwish, السيد=al-sayed, بن عمر=ben-omar, العلوي=al-alawi, القحطاني=al-qahtani, الزهراني=al-zahrani, قاسم=qasim, خوري=khoury, سليمان=suleiman, بوعزيز=bouaziz, الحسيني=al-husseini, عبد الرحمن=abdelrahman, الغامدي=al-ghamdi, فرح=farah, التميمي=al-tamimi",
		places: []place{
			{"EG", "Cairo", "القاهرة", "11###"}, {"EG", "Alexandria", "الإسكندرية", "21###"}, {"SA", "Riyadh", "الرياض", "11###"}, {"SA", "Jeddah", "جدة", "21###"}, {"AE", "Dubai", "دبي", "00000"},
			{"MA", "Casablanca", "الدار البيضاء", "20###"}, {"JO", "Amman", "عمّان", "11###"}, {"LB", "Beirut", "بيروت", "1107 ####"}, {"TN", "Tunis", "تونس", "10##"}, {"IQ", "Baghdad", "بغداد", "100##"},
		},
	},
	{
		language: "fa", share: 20,
		women:    "زهرا=zahra, نرگس=narges, شیرین=shirin, پریسا=parisa, مهسا=mahsa, نیلوفر=niloufar, آزاده=azadeh, گلناز=golnaz, ژاله=zhaleh, مینا=mina, سپیده=sepideh, یاسمن=yasaman",
		men:      "رضا=reza, امیر=amir, حسین=hossein, بهرام=bahram, داریوش=dariush, کیان=kian, پویا=pouya, مهدی=mehdi, فرهاد=farhad, سیاوش=siavash, آرش=arash, کاوه=kaveh",
		families: "احمدی=ahmadi, حسینی=hosseini, کریمی=karimi, رضایی=rezaei, موسوی=mousavi, جعفری=jafari, صادقی=sadeghi, تهرانی=tehrani, اصفهانی=esfahani, یزدانی=yazdani, پورمحمدی=pourmohammadi, شیرازی=shirazi, نجفی=najafi, گلزار=golzar, قاسمی=ghasemi, کاظمی=kazemi, ملکی=maleki, زمانی=zamani, فرهادی=farhadi, چراغی=cheraghi, نوری=nouri",
		places: []place{
			{"IR", "Tehran", "تهران", "11###-#####"}, {"IR", "Isfahan", "اصفهان", "81###-#####"}, {"IR", "Shiraz", "شیراز", "71###-#####"}, {"IR", "Tabriz", "تبریز", "51###-#####"}, {"AF", "Herat", "هرات", "30##"},
		},
	},
	{
		language: "he", share: 14,
		women:    "נועה=noa, תמר=tamar, יעל=yael, שירה=shira, מיכל=michal, רחל=rachel, אביגיל=avigail, הדס=hadas, אורית=orit, ליאור=lior, צופיה=tzofia, דנה=dana",
		men:      "דוד=david, יוסף=yosef, אריאל=ariel, נועם=noam, איתן=eitan, משה=moshe, עומר=omer, יונתן=yonatan, אלון=alon, גיא=guy, רועי=roi, שמואל=shmuel",
		families: "כהן=cohen, לוי=levi, מזרחי=mizrahi, פרץ=peretz, ביטון=biton, אברהם=avraham, פרידמן=friedman, שפירא=shapira, אזולאי=azoulay, גולן=golan, בן דוד=ben-david, שלום=shalom, כץ=katz, אוחיון=ohayon, רוזנברג=rosenberg, חדד=hadad, ברק=barak, צדוק=tzadok, יעקבי=yaakobi, הררי=harari, סגל=segal",
		places: []place{
			{"IL", "Jerusalem", "ירושלים", "9######"}, {"IL", "Tel Aviv", "תל אביב", "6######"}, {"IL", "Haifa", "חיפה", "3######"}, {"IL", "Beersheba", "באר שבע", "8######"},
		},
	},
	{
		language: "ka", share: 8,
		women:    "ნინო=nino, მარიამ=mariam, თამარ=tamar, ანა=ana, ქეთევან=ketevan, ნათია=natia, ეკატერინე=ekaterine, სალომე=salome, მაია=maia, ელენე=elene, ლელა=lela, ხატია=khatia",
		men:      "გიორგი=giorgi, დავით=davit, ლევან=levan, ნიკა=nika, ირაკლი=irakli, ზურაბ=zurab, ლუკა=luka, ვახტანგ=vakhtang, ოთარ=otar, საბა=saba, თორნიკე=tornike, ჯაბა=jaba",
		families: "ბერიძე=beridze, კაპანაძე=kapanadze, გელაშვილი=gelashvili, მაისურაძე=maisuradze, გიორგაძე=giorgadze, ლომიძე=lomidze, წიკლაური=tsiklauri, ბოლქვაძე=bolkvadze, კვარაცხელია=kvaratskhelia, ნოზაძე=nozadze, ხუციშვილი=khutsishvili, მამულაშვილი=mamulashvili, ჩხეიძე=chkheidze, ჯაფარიძე=japaridze, აბაშიძე=abashidze, დოლიძე=dolidze, ფირცხალავა=pirtskhalava, შენგელია=shengelia, ყიფიანი=kipiani, თოდუა=todua, ღლონტი=ghlonti",
		places: []place{
			{"GE", "Tbilisi", "თბილისი", "01##"}, {"GE", "Batumi", "ბათუმი", "60##"}, {"GE", "Kutaisi", "ქუთაისი", "46##"},
		},
	},
	{
		language: "hy", share: 8,
		women:    "Անի=ani, Մարիամ=mariam, Նարե=nare, Լիլիթ=lilit, Անահիտ=anahit, Գոհար=gohar, Սոնա=sona, Հասմիկ=hasmik, Արփի=arpi, Մանե=mane, Շուշան=shushan, Նունե=nune",
		men:      "Արամ=aram, Դավիթ=davit, Տիգրան=tigran, Նարեկ=narek, Հայկ=hayk, Գևորգ=gevorg, Արմեն=armen, Սուրեն=suren, Վահե=vahe, Լևոն=levon, Կարեն=karen, Ռուբեն=ruben",
		families: "Պետրոսյան=petrosyan, Գրիգորյան=grigoryan, Սարգսյան=sargsyan, Հակոբյան=hakobyan, Հովհաննիսյան=hovhannisyan, Կարապետյան=karapetyan, Մկրտչյան=mkrtchyan, Խաչատրյան=khachatryan, Ավետիսյան=avetisyan, Ղազարյան=ghazaryan, Մարտիրոսյան=martirosyan, Վարդանյան=vardanyan, Գասպարյան=gasparyan, Դանիելյան=danielyan, Շահինյան=shahinyan, Ասատրյան=asatryan, Բաղդասարյան=baghdasaryan, Մելքոնյան=melkonyan, Թորոսյան=torosyan, Ներսիսյան=nersisyan, Զաքարյան=zakaryan",
		places: []place{
			{"AM", "Yerevan", "Երևան", "00##"}, {"AM", "Gyumri", "Գյումրի", "31##"}, {"AM", "Vanadzor", "Վանաձոր", "20##"}, {"LB", "Bourj Hammoud", "Պուրճ Համուտ", "2403"},
		},
	},
	{
		// An Ethiopian's second name is the father's first.
		language: "am", share: 11,
		women:    "ሰላም=selam, ትዕግስት=tigist, ሕይወት=hiwot, አስቴር=aster, ማርታ=marta, ሳራ=sara, ቤተልሔም=betelhem, ገነት=genet, መሠረት=meseret, ፍቅርተ=fikirte, ሩት=rut, አበባ=abeba",
		men:      "አበበ=abebe, ዳዊት=dawit, ዮሐንስ=yohannes, ኃይሌ=haile, ሰለሞን=solomon, ተስፋዬ=tesfaye, ግርማ=girma, በቀለ=bekele, ቴዎድሮስ=tewodros, ዮናስ=yonas, ብርሃኑ=birhanu, ሳሙኤል=samuel",
		families: "ከበደ=kebede, ታደሰ=tadesse, አለሙ=alemu, በቀለ=bekele, ገብረ=gebre, ወልደ=wolde, ተሰማ=tessema, መኮንን=mekonnen, ደምሴ=demissie, ኃይሉ=hailu, ንጉሤ=nigussie, አሰፋ=assefa, ለማ=lemma, ፈቃዱ=fekadu, መንግስቱ=mengistu, ጌታቸው=getachew, ሽፈራው=shiferaw, ተክሌ=tekle, ዘውዴ=zewde, ይልማ=yilma, ደስታ=desta",
		places: []place{
			{"ET", "Addis Ababa", "አዲስ አበባ", "10##"}, {"ET", "Gondar", "ጎንደር", "62##"}, {"ET", "Hawassa", "ሐዋሳ", "###"}, {"ET", "Bahir Dar", "ባሕር ዳር", "60##"},
		},
	},
}
